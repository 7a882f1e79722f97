;; Waits for a time that does not come.
;;! include: wasi
(func $attack (param $request i32) (result i32)
  (call $wait (call $timer (i64.const -1)))
  unreachable)
