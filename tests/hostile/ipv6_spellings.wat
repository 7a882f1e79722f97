;; Asks for this machine's address in the spellings of IPv6.
;;! include: http
(func $attack (param $request i32) (result i32)
  (call $spelling_must_be_denied (local.get $request) (text "[::1]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[0:0:0:0:0:0:0:1]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[::]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[::ffff:127.0.0.1]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[::ffff:7f00:1]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[::127.0.0.1]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[64:ff9b::127.0.0.1]:"))
  (call $spelling_must_be_denied (local.get $request) (text "[2002:7f00:1::1]:"))
  (call $page (text "{\"denied\":true}")))
