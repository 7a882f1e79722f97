;; Asks for a granted name that is at an address of this machine.
;;! include: http
(func $attack (param $request i32) (result i32)
  (call $spelling_must_be_denied (local.get $request) (text "localhost:"))
  (call $fail (i32.const 5) (text "I was not let in")))
