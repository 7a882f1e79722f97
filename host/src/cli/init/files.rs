//! The files that `init` writes: the pipeline file, the component, and what dlt needs to open the dataset.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use super::channel::Channel;
use crate::cli::failure::Failure;

/// Names of the pipeline, as the product's documentation has them.
const PIPELINE: &str = "jivochat_pipeline";
const DATASET: &str = "jivochat_data";
const SOURCE: &str = "jivochat_source";
const DATABASE: &str = "jivochat.duckdb";
const SECRET: &str = "jivo_public_id";

/// The files of one pipeline folder.
pub(super) struct Files<'a> {
    dir: &'a Path,
    channel: &'a Channel,
    component: &'a Path,
}

impl<'a> Files<'a> {
    pub(super) fn new(dir: &'a Path, channel: &'a Channel, component: &'a Path) -> Self {
        Self { dir, channel, component }
    }

    /// The pipeline file.
    pub(super) fn pipeline(&self) -> PathBuf {
        if self.dir == Path::new(".") { "sluicegate.toml".into() } else { self.dir.join("sluicegate.toml") }
    }

    fn secrets(&self) -> PathBuf {
        self.dir.join(".dlt/secrets.toml")
    }

    /// Refuses a folder that belongs to another channel: its files would be kept and quietly go on reading that one.
    pub(super) fn refuse_another_channel(&self) -> Result<(), Failure> {
        let Channel { origin, random, public_id, .. } = self.channel;
        for (path, keys, value) in [
            (self.secrets(), ["sources", SOURCE, SECRET], public_id),
            (self.pipeline(), ["source", "config", "base_url"], origin),
            (self.pipeline(), ["source", "config", "random"], random),
        ] {
            let Some(found) = read_key(&path, keys) else { continue };
            if found != *value {
                return Err(Failure::config(
                    format!("`{}` is of another channel, and nothing is overwritten", path.display()),
                    Some("choose another folder with `--dir DIR` (`DIR=… make run`), or remove the files there".into()),
                ));
            }
        }
        Ok(())
    }

    /// Writes what is not there yet and returns what it wrote. `resources` are those to read; none: all.
    pub(super) fn write(&self, resources: Option<&[&str]>) -> Result<Vec<PathBuf>, Failure> {
        let mut written = Vec::new();
        let mut file = |path: PathBuf, text: &[u8], mode: u32| -> Result<(), Failure> {
            if create(&path, text, mode)? {
                written.push(path);
            }
            Ok(())
        };
        let dlt = self.dir.join(".dlt");
        std::fs::create_dir_all(&dlt).map_err(|error| cannot_write(&dlt, error))?;
        let component = std::fs::read(self.component).map_err(|error| {
            let error =
                anyhow::Error::new(error).context(format!("cannot read the component `{}`", self.component.display()));
            Failure { code: crate::cli::exit_code::CONFIG, error: Some(error), hint: None }
        })?;
        file(self.dir.join("jivochat.wasm"), &component, 0o644)?;
        file(self.secrets(), self.secrets_text().as_bytes(), 0o600)?;
        file(dlt.join("config.toml"), config_text().as_bytes(), 0o644)?;
        file(dlt.join(".gitignore"), b"secrets.toml\n", 0o644)?;
        // Last, since this is the file that says that the folder is complete.
        file(self.pipeline(), self.pipeline_text(resources).as_bytes(), 0o644)?;
        Ok(written)
    }

    fn pipeline_text(&self, resources: Option<&[&str]>) -> String {
        let Channel { origin, random, private, .. } = self.channel;
        let private = private.as_deref().map(quoted).unwrap_or_default();
        let resources = resources.map_or_else(String::new, |names| {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("resources = [{}]\n", names.join(", "))
        });
        format!(
            "[pipeline]\nname = \"{PIPELINE}\"\ndataset = \"{DATASET}\"\n\n\
             [source]\nname = \"{SOURCE}\"\ncomponent = \"jivochat.wasm\"\n\
             # The component reaches these origins and no other.\nallow = [{}]\n\
             # Of these, the ones that may be at private or loopback addresses.\nallow_private = [{private}]\n{resources}\n\
             [source.config]\nbase_url = {}\nrandom = {}\n\
             # The credential `{SECRET}` is in .dlt/secrets.toml; the component never sees it.\n\n\
             [destination]\nurl = \"duckdb:{DATABASE}\"\n",
            quoted(origin),
            quoted(origin),
            quoted(random)
        )
    }

    fn secrets_text(&self) -> String {
        format!(
            "[sources.{SOURCE}]\n{SECRET} = {}\n\n[destination.duckdb]\ncredentials = \"{DATABASE}\"\n",
            quoted(&self.channel.public_id)
        )
    }
}

/// What dlt needs to know beside the credentials, so that `dlt.pipeline("jivochat_pipeline").dataset()` finds the data.
fn config_text() -> String {
    format!(
        "[pipelines.{PIPELINE}]\ndestination_type = \"duckdb\"\ndestination_name = \"duckdb\"\ndataset_name = \"{DATASET}\"\n"
    )
}

/// A text in a TOML file that is there and has it.
fn read_key(path: &Path, keys: [&str; 3]) -> Option<String> {
    let file = std::fs::read_to_string(path).ok()?.parse::<toml::Table>().ok()?;
    let [first, second, third] = keys;
    Some(file.get(first)?.get(second)?.get(third)?.as_str()?.to_owned())
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Creates a file unless it is there. A file that is there is whole: it was put in place under its name by one link.
fn create(path: &Path, text: &[u8], mode: u32) -> Result<bool, Failure> {
    if path.exists() {
        return Ok(false);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    let _ = mode;
    let mut file = builder.tempfile_in(dir).map_err(|error| cannot_write(path, error))?;
    file.write_all(text).and_then(|()| file.as_file().sync_all()).map_err(|error| cannot_write(path, error))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(cannot_write(path, error.error)),
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    let error = anyhow::Error::new(error).context(format!("cannot write `{}`", path.display()));
    Failure::with_code(crate::cli::exit_code::DESTINATION, error)
}
