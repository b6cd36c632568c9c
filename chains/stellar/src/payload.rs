//! To be written: see the layout in the module's owner's notes.
