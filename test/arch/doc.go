// Package arch checks who may import whom: the design's table of levels, who
// alone may use which library, and what the binary must not link.
package arch
