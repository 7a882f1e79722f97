;; Says that its service wants to be asked again in half a billion years.
(func $attack (param $request i32) (result i32)
  (local $error i32)
  (local.set $error (call $fail (i32.const 3) (text "come back later")))
  (i32.store8 offset=40 (local.get $error) (i32.const 1))
  (i64.store offset=48 (local.get $error) (i64.const -1))
  (local.get $error))
