;; Wants what no component is lent.
(component
  (import "wasi:keyvalue/store@0.2.0" (instance))
  (import "wasi:cli/run@0.2.0" (instance))
  (import "wasi:http/outgoing-handler@0.2.0" (instance))
  (import "evil" (func))
  (instance $source)
  (export "sluicegate:source/source@0.1.0" (instance $source)))
