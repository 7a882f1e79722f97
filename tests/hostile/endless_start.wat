;; Never comes back from being instantiated.
(func $spin (loop $forever (br $forever)))
(start $spin)

(func $attack (param $request i32) (result i32) unreachable)
