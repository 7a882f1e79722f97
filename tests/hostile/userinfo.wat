;; Writes the granted host where a user's name belongs, and a name before the granted host.
;;! include: http
(func $attack (param $request i32) (result i32)
  (call $must_be_denied (i32.const 0)
    (call $join (call $setting (local.get $request) (text "\"host\":\"")) (text "@evil.example")))
  (call $must_be_denied (i32.const 0)
    (call $join (text "evil.example@") (call $setting (local.get $request) (text "\"host\":\""))))
  (call $must_be_denied (i32.const 0)
    (call $join (text "user:password@") (call $setting (local.get $request) (text "\"host\":\""))))
  (call $page (text "{\"denied\":true}")))
