//! Streams go to disk and back; every format tells the same run, whatever stands in its texts.
