;; Tries to end the process.
;;! include: wasi
(func $attack (param $request i32) (result i32)
  (call $exit (i32.const 0))
  unreachable)
