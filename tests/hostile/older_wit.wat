;; Was built for a version of the contract that never was released.
(component
  (instance $source)
  (export "sluicegate:source/source@0.0.9" (instance $source)))
