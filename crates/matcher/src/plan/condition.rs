//! Compiles conditions, each text once for each way in which the facts look to it.

use std::{ops::Range, rc::Rc, sync::Arc};

use chainbell_model::Dialect;
use rapidhash::RapidHashMap;

use super::form::{Form, Forms};
use crate::{
    lang::{self, Checked, ExprError, Expression, HasUse, Program, Scope},
    spec::AddressSets,
};

/// What a condition says of facts of one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds of all.
    Always,
    /// It holds of none: it asks for something they do not have.
    Never,
    /// To be found out of each; index into the programs.
    Ask(u32),
}

#[derive(Debug)]
struct Compiled {
    verdict: Verdict,
    errors: Vec<ExprError>,
    has: Vec<HasUse>,
}

/// What is wrong with a condition.
#[derive(Debug)]
pub(super) struct ConditionError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

/// Compiled conditions.
#[derive(Debug)]
pub(super) struct Conditions<'a> {
    dialect: &'a Arc<dyn Dialect>,
    sets: &'a AddressSets,
    parsed: RapidHashMap<&'a str, Rc<Result<Expression, ExprError>>>,
    /// By text and scope.
    compiled: RapidHashMap<(&'a str, u32), Rc<Compiled>>,
    pub(super) programs: Vec<Program>,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(dialect: &'a Arc<dyn Dialect>, sets: &'a AddressSets) -> Self {
        Self {
            dialect,
            sets,
            parsed: RapidHashMap::default(),
            compiled: RapidHashMap::default(),
            programs: Vec::new(),
        }
    }

    /// The verdict of `text` on each of `forms`, in their order.
    pub(super) fn verdicts(
        &mut self,
        text: &'a str,
        forms: &[u32],
        known: &Forms,
    ) -> Result<Vec<Verdict>, Vec<ConditionError>> {
        let parsed = Rc::clone(self.parsed.entry(text).or_insert_with(|| Rc::new(lang::parse(text))));
        let expression = match &*parsed {
            Ok(expression) => expression,
            Err(error) => {
                return Err(vec![ConditionError {
                    span: error.span.clone(),
                    message: error.message.clone(),
                }]);
            }
        };
        let mut compiled = Vec::with_capacity(forms.len());
        let mut scopes: RapidHashMap<u32, (&Form, Rc<Compiled>)> = RapidHashMap::default();
        for &form in forms {
            let form = known.get(form);
            let one = self.compile(text, expression, form);
            scopes.entry(form.scope).or_insert_with(|| (form, Rc::clone(&one)));
            compiled.push(one);
        }
        let mut scopes: Vec<(&Form, Rc<Compiled>)> = scopes.into_values().collect();
        scopes.sort_unstable_by_key(|(form, _)| form.scope);
        drop_readings_not_meant(&mut scopes);
        let mut errors = collect_errors(&scopes);
        let never = scopes.iter().all(|(_, compiled)| compiled.verdict == Verdict::Never);
        if errors.is_empty() && never {
            errors.push(ConditionError { span: 0..text.len(), message: "this never holds".to_owned() });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(compiled.iter().map(|compiled| compiled.verdict).collect())
    }

    /// What the program of a verdict needs.
    pub(super) fn program(&self, verdict: Verdict) -> Option<&Program> {
        match verdict {
            Verdict::Ask(program) => self.programs.get(program as usize),
            Verdict::Always | Verdict::Never => None,
        }
    }

    fn compile(&mut self, text: &'a str, expression: &Expression, form: &Form) -> Rc<Compiled> {
        if let Some(compiled) = self.compiled.get(&(text, form.scope)) {
            return Rc::clone(compiled);
        }
        let scope = Scope {
            subject: form.subject,
            name: &form.name,
            signature: &form.signature,
            args: &form.schema,
            attributes: form.attributes,
            dialect: &**self.dialect,
            sets: self.sets,
        };
        let Checked { program, errors, has } = lang::check(expression, &scope);
        let verdict = match program {
            Some(program) if program.conjuncts().is_empty() => Verdict::Always,
            Some(program) if !program.is_never() => {
                self.programs.push(program);
                Verdict::Ask(self.programs.len() as u32 - 1)
            }
            _ => Verdict::Never,
        };
        let compiled = Rc::new(Compiled { verdict, errors, has });
        self.compiled.insert((text, form.scope), Rc::clone(&compiled));
        compiled
    }
}

/// One signature may be read in several ways (an ERC-20 and an ERC-721 `Transfer` are told apart by their topics only): a
/// condition that names arguments of one of them means that one. The verdict on the others is [`Verdict::Never`].
fn drop_readings_not_meant(scopes: &mut Vec<(&Form, Rc<Compiled>)>) {
    let title = |form: &Form| (form.subject, Arc::clone(&form.signature));
    let sound = scopes.iter().filter(|(_, compiled)| compiled.errors.is_empty());
    let meant: Vec<_> = sound.map(|(form, _)| title(form)).collect();
    scopes.retain(|(form, compiled)| compiled.errors.is_empty() || !meant.contains(&title(form)));
}

/// Each error once. One that not all forms share names the form; a `has()` that no form answers is an error too.
fn collect_errors(scopes: &[(&Form, Rc<Compiled>)]) -> Vec<ConditionError> {
    let mut errors: Vec<ConditionError> = Vec::new();
    for (form, one) in scopes {
        for error in &one.errors {
            let shared = scopes.iter().all(|(_, other)| other.errors.contains(error));
            let mut message = error.message.clone();
            if !shared {
                message.push_str(&format!(" (in {})", form.title()));
            }
            if !errors.iter().any(|known| known.span == error.span && known.message == message) {
                errors.push(ConditionError { span: error.span.clone(), message });
            }
        }
    }
    let uses = || scopes.iter().flat_map(|(_, one)| &one.has);
    for absent in uses().filter(|used| used.absent.is_some()) {
        let answered = uses().any(|used| used.span == absent.span && used.absent.is_none());
        let reported = errors.iter().any(|error| error.span == absent.span);
        if let Some(message) = absent.absent.as_ref().filter(|_| !answered && !reported) {
            errors.push(ConditionError { span: absent.span.clone(), message: message.clone() });
        }
    }
    errors
}
