;; Takes memory by way of a table.
(table $table 0 funcref)

(func $attack (param $request i32) (result i32)
  (loop $more
    (drop (table.grow $table (ref.null func) (i32.const 1000000)))
    (br $more))
  unreachable)
