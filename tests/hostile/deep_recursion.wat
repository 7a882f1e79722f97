;; Calls itself until the stack is used up.
(func $attack (param $request i32) (result i32)
  (i32.add (call $attack (local.get $request)) (i32.const 1)))
