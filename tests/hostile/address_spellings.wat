;; Asks for this machine's address in each spelling that it has, but for the granted one.
;;! include: http
(func $attack (param $request i32) (result i32)
  (call $spelling_must_be_denied (local.get $request) (text "localhost:"))
  (call $spelling_must_be_denied (local.get $request) (text "LOCALHOST.:"))
  (call $spelling_must_be_denied (local.get $request) (text "127.0.0.2:"))
  (call $spelling_must_be_denied (local.get $request) (text "127.1.1:"))
  (call $spelling_must_be_denied (local.get $request) (text "0x7f.0.0.2:"))
  (call $spelling_must_be_denied (local.get $request) (text "2130706434:"))
  (call $spelling_must_be_denied (local.get $request) (text "0177.0.0.2:"))
  (call $spelling_must_be_denied (local.get $request) (text "0.0.0.0:"))
  (call $spelling_must_be_denied (local.get $request) (text "0:"))
  (call $spelling_must_be_denied (local.get $request) (text "127.0.0.1.example:"))
  (call $page (text "{\"denied\":true}")))
