;; Calls itself by a path out of the folder that components are kept in.
(func $describe (result i32)
  (local $description i32)
  (local.set $description (call $alloc (i32.const 64)))
  (call $name (local.get $description) (text "../../climbed"))
  (local.get $description))

(func $check (param $config i32) (param $length i32) (result i32) unreachable)

(func $attack (param $request i32) (result i32) unreachable)
