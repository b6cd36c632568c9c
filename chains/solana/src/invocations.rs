//! A transaction's instructions in execution order, top level and inner, with those that only tell of an event told apart.

use crate::wire::{InnerGroup, Instruction, Message, Meta, part};

/// How Anchor's `emit_cpi!` begins the data of the instruction by which a program calls itself.
const EVENT_TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// Far beyond what the runtime lets a transaction run (64 when this was written).
const MAX_INVOCATIONS: usize = 4096;

/// An instruction in its place. Its position in the list is its place in execution order.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    /// Who is called.
    pub(crate) program: [u8; 32],
    /// Which top-level instruction it belongs to.
    pub(crate) top: u16,
    /// 1 is a top-level instruction; 0 where the node does not tell.
    pub(crate) depth: u8,
    /// With what.
    pub(crate) instruction: Instruction<'a>,
    /// The event it tells of, discriminator first.
    pub(crate) event: Option<Box<[u8]>>,
}

/// The instructions of a transaction.
#[derive(Debug)]
pub(crate) struct Invocations<'a> {
    /// In execution order.
    pub(crate) all: Vec<Invocation<'a>>,
    /// The inner ones are among them.
    pub(crate) inner_known: bool,
    /// A program that may have told of an event, which cannot be said without its depth.
    pub(crate) doubtful: Option<[u8; 32]>,
}

impl<'a> Invocations<'a> {
    /// `keys` are all of the transaction's.
    pub(crate) fn read(
        message: Message<'a>,
        meta: Option<&Meta<'a>>,
        keys: &[[u8; 32]],
    ) -> Result<Self, String> {
        let groups: Option<Vec<InnerGroup<'a>>> = match meta.and_then(|meta| meta.inner_instructions) {
            Some(raw) => Some(part(raw, "innerInstructions")?),
            None => None,
        };
        let instructions = message.into_instructions()?;
        let mut list = Self { all: Vec::new(), inner_known: groups.is_some(), doubtful: None };
        let mut groups = groups.unwrap_or_default().into_iter().peekable();
        // The list is full long before the places run out.
        for (top, instruction) in (0..=u16::MAX).zip(instructions) {
            list.push(instruction, top, 1, keys)?;
            if let Some(group) = groups.next_if(|group| group.index == top) {
                list.push_group(group, keys)?;
            }
        }
        match groups.next() {
            Some(group) => Err(format!("inner instructions of instruction {} out of place", group.index)),
            None => Ok(list),
        }
    }

    fn push_group(&mut self, group: InnerGroup<'a>, keys: &[[u8; 32]]) -> Result<(), String> {
        // Where in the list the programs that are running stand, the top-level one first.
        let mut running = vec![self.all.len() - 1];
        for instruction in group.instructions {
            let height = usize::from(instruction.stack_height.unwrap_or(0));
            let depth = if height >= 2 && height <= running.len() + 1 { height } else { 0 };
            self.push(instruction, group.index, depth as u8, keys)?;
            let place = self.all.len() - 1;
            if depth > 0 {
                running.truncate(depth - 1);
                let caller = running.last().map(|&caller| self.all[caller].program);
                if caller == Some(self.all[place].program) {
                    self.all[place].event = event(&self.all[place].instruction)?;
                }
                running.push(place);
            } else {
                self.doubt(running[0], place)?;
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        instruction: Instruction<'a>,
        top: u16,
        depth: u8,
        keys: &[[u8; 32]],
    ) -> Result<(), String> {
        if self.all.len() >= MAX_INVOCATIONS {
            return Err(format!("more than {MAX_INVOCATIONS} instructions"));
        }
        let program = *keys
            .get(usize::from(instruction.program))
            .ok_or_else(|| format!("program {} of {} keys", instruction.program, keys.len()))?;
        self.all.push(Invocation { program, top, depth, instruction, event: None });
        Ok(())
    }

    /// Remembers the program in `place` when it looks like telling of an event and ran before since `first`.
    fn doubt(&mut self, first: usize, place: usize) -> Result<(), String> {
        let program = self.all[place].program;
        let ran = self.all[first..place].iter().any(|before| before.program == program);
        if ran && self.doubtful.is_none() && event(&self.all[place].instruction)?.is_some() {
            self.doubtful = Some(program);
        }
        Ok(())
    }
}

/// The event that an instruction of a program to itself tells of.
fn event(instruction: &Instruction<'_>) -> Result<Option<Box<[u8]>>, String> {
    let mut data = Vec::new();
    instruction.data.decode(&mut data)?;
    Ok(data.strip_prefix(&EVENT_TAG).map(Into::into))
}
