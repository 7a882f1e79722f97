;; Lists a hundred thousand resources.
(func $list_resources (param $config i32) (param $length i32) (result i32)
  (local $result i32)
  (local.set $result (call $alloc (i32.const 64)))
  (i32.store offset=8 (local.get $result) (call $alloc (i32.const 4000000)))
  (i32.store offset=12 (local.get $result) (i32.const 100000))
  (local.get $result))

(func $attack (param $request i32) (result i32) unreachable)
