//! How one endpoint of an EVM network misbehaves.

use serde::{Deserialize, Serialize};

use super::limits::RangeLimits;
use crate::fault::{FaultRule, Plan};

/// How one endpoint misbehaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// All rules that strike apply; of those of the transport the first.
    pub rules: Vec<FaultRule>,
    /// What `eth_getLogs` refuses.
    pub limits: RangeLimits,
    /// Ranges beyond the head are answered with what is there, as older nodes do, instead of being refused.
    pub clamp_future: bool,
}

impl From<Vec<FaultRule>> for FaultPlan {
    fn from(rules: Vec<FaultRule>) -> Self {
        Self { rules, ..Self::default() }
    }
}

impl From<FaultRule> for FaultPlan {
    fn from(rule: FaultRule) -> Self {
        vec![rule].into()
    }
}

impl From<RangeLimits> for FaultPlan {
    fn from(limits: RangeLimits) -> Self {
        Self { limits, ..Self::default() }
    }
}

impl Plan for FaultPlan {
    fn rules(&self) -> &[FaultRule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_json_beside_the_rules() {
        let plan: FaultPlan = serde_json::from_str(
            r#"{"rules":[{"fault":"reset"}],"limits":{"max_blocks":10,"style":"alchemy"}}"#,
        )
        .unwrap();
        assert_eq!(plan.rules.len(), 1);
        assert_eq!(plan.limits.max_blocks, Some(10));
    }
}
