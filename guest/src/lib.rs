//! JivoChat as a source component.
