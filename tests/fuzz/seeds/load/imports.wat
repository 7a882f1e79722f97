(component
  (import "wasi:http/types@0.2.12" (instance))
  (import "wasi:sockets/tcp@0.2.0" (instance))
  (import "sluicegate:source/types@0.1.0" (instance))
  (instance $i)
  (export "sluicegate:source/source@0.1.3" (instance $i))
  (export "sluicegate:source/setup@0.1.3" (instance $i)))
