//! Files that are components no more.

use acceptance::cli::Cli;

use super::{Attack, BUGS, programs};

/// Whatever a file is, the program says what is wrong with it, or runs what is left of it in the sandbox.
#[track_caller]
fn check(attack: &Attack, file: &[u8], what: &str) {
    std::fs::write(attack.project.path("tame.wasm"), file).unwrap();
    let output = attack.cli().env("SLUICEGATE_CACHE_DIR", attack.project.path("cache")).run();
    let status = output.status.code();
    assert!(matches!(status, Some(0 | 2 | 3 | 6)), "{what}\n{}", output.transcript());
    for bug in BUGS {
        output.lacks(bug);
    }
}

#[test]
fn cut_off() {
    let attack = Attack::new(&programs::TAME).set("source.limits.page_cpu", "1s");
    let whole = programs::TAME.build();
    for part in 0..12 {
        let end = whole.len() * part / 12;
        check(&attack, &whole[..end], &format!("cut at {end} of {}", whole.len()));
        let output = Cli::sluicegate(attack.project.dir()).args(["inspect", "tame.wasm"]).run();
        output.code(2).stderr_has(&["error: cannot load the component `tame.wasm`: "]);
    }
}

#[test]
fn a_name_that_is_a_path() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b");
    std::fs::create_dir_all(&folder).unwrap();
    let file = programs::CLIMBING_NAME.write(&folder);
    let add = || Cli::sluicegate(&folder).args(["component", "add", "--yes"]).arg(&file);
    let words = ["the component calls itself `../../climbed`, which is no name", "`--name NAME`"];
    add().run().code(2).stderr_has(&words);
    add().args(["--name", "../climbed"]).run().code(2).stderr_has(&["a name begins with a small letter"]);
    assert!(!folder.join("components").exists() && !dir.path().join("climbed.wasm").exists());
    add().args(["--name", "tamed"]).run().code(0);
    assert!(folder.join("components/tamed.wasm").exists());
}

#[test]
fn changed() {
    let attack = Attack::new(&programs::TAME).set("source.limits.page_cpu", "1s");
    let whole = programs::TAME.build();
    // A fixed sequence, so that a failure can be seen again.
    let mut random = 0x2545_f491_u32;
    for round in 0..30 {
        let mut file = whole.clone();
        for _ in 0..=round % 3 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = random as usize / 7 % file.len();
            file[at] ^= 1 << (random >> 29);
        }
        check(&attack, &file, &format!("round {round}"));
    }
}
