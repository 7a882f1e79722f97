;; Never comes back from `fetch-page`.
(func $attack (param $request i32) (result i32)
  (loop $forever (br $forever))
  unreachable)
