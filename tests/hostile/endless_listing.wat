;; Never comes back from `list-resources`.
(func $list_resources (param $config i32) (param $length i32) (result i32)
  (loop $forever (br $forever))
  unreachable)

(func $attack (param $request i32) (result i32) unreachable)
