;; Lists `attack` and `good`.
(func $list_resources (param $config i32) (param $length i32) (result i32)
  (local $specs i32) (local $result i32)
  (local.set $specs (call $alloc (i32.const 80)))
  (call $name (local.get $specs) (text "attack"))
  (call $name (i32.add (local.get $specs) (i32.const 40)) (text "good"))
  (local.set $result (call $alloc (i32.const 64)))
  (i32.store offset=8 (local.get $result) (local.get $specs))
  (i32.store offset=12 (local.get $result) (i32.const 2))
  (local.get $result))

(func $name (param $spec i32) (param $name i32) (param $length i32)
  (i32.store (local.get $spec) (local.get $name))
  (i32.store offset=4 (local.get $spec) (local.get $length)))
