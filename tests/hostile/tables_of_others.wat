;; Lists a resource that would be a table of the bookkeeping.
(func $list_resources (param $config i32) (param $length i32) (result i32)
  (local $spec i32) (local $result i32)
  (local.set $spec (call $alloc (i32.const 40)))
  (call $name (local.get $spec) (text "_dlt_loads"))
  (local.set $result (call $alloc (i32.const 64)))
  (i32.store offset=8 (local.get $result) (local.get $spec))
  (i32.store offset=12 (local.get $result) (i32.const 1))
  (local.get $result))

(func $name (param $spec i32) (param $name i32) (param $length i32)
  (i32.store (local.get $spec) (local.get $name))
  (i32.store offset=4 (local.get $spec) (local.get $length)))

(func $attack (param $request i32) (result i32) unreachable)
