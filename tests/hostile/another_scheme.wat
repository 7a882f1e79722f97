;; Asks for the granted host by other schemes than the granted one, in clear for one.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $made i32)
  (call $must_be_denied (i32.const 0) (text "wh.example"))
  (call $must_be_denied (i32.const 0) (text "wh.example:443"))
  (call $request (i32.const 0) (text "wh.example") (text "/") (call $new_fields))
  (if (i32.eqz) (then unreachable))
  (local.set $made)
  (if (call $set_scheme (local.get $made) (i32.const 1) (i32.const 2) (text "ftp")) (then unreachable))
  (if (i32.ne (call $send (local.get $made)) (i32.const -16)) (then unreachable))
  (call $page (text "{\"denied\":true}")))
