;; Was built for a version of the contract that is to come.
(component
  (instance $source)
  (export "sluicegate:source/source@0.2.0" (instance $source)))
