//! Faults that are planted to see whether the oracle finds them.

use crate::support::Database;

/// A part of the program's promise that is broken in the control schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The fence lets everybody through.
    Fence,
    /// Every other batch leaves the position where it was.
    Checkpoint,
}

const FORGETFUL: &str = "
    CREATE FUNCTION longhaul.forget() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.checkpoint := OLD.checkpoint;
        NEW.window_upper := OLD.window_upper;
        NEW.strides := OLD.strides;
        NEW.stride := OLD.stride;
        NEW.stride_checkpoint := OLD.stride_checkpoint;
        RETURN NEW;
    END $$;
    CREATE TRIGGER forget BEFORE UPDATE ON longhaul.range FOR EACH ROW
    WHEN (NEW.batches > OLD.batches AND random() < 0.5) EXECUTE FUNCTION longhaul.forget()";

impl Fault {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "fence" => Self::Fence,
            "checkpoint" => Self::Checkpoint,
            other => panic!("there is no fault `{other}`: it is `fence` or `checkpoint`"),
        }
    }

    /// Breaks it in a database that has the control schema already.
    pub(super) async fn plant(self, database: &Database) {
        match self {
            Self::Checkpoint => database.execute(FORGETFUL).await,
            Self::Fence => {
                let fence: String =
                    database.value("SELECT pg_get_functiondef('longhaul.fence'::regproc)").await;
                let open = fence.replace("IF NOT FOUND THEN", "IF false THEN");
                assert_ne!(open, fence, "the fence has another way to refuse now");
                database.execute(&open).await;
            }
        }
    }
}
