;; Answers for `good`, and leaves all else to `$attack`.
(func $fetch_page (param $request i32) (result i32)
  (if (result i32)
    (i32.eq (i32.load8_u (i32.load offset=8 (local.get $request))) (i32.const 103))
    (then (call $page (text "{\"id\":1}")))
    (else (call $attack (local.get $request)))))
