(component
  (import "wasi:keyvalue/store@0.2.0" (instance))
  (import "wasi:http/types@0.3.0" (instance))
  (import "f" (func))
  (instance $i)
  (export "sluicegate:source/source@0.1.0" (instance $i)))
