// Package strict reads YAML that people write and must get right: configs and
// policies. It is the only user of the YAML library.
//
// It promises to report everything that is wrong at once ([Findings]), each
// with file, line, column, path and what to write instead; to accept no key
// that nobody reads, no key twice, and none of YAML's trapdoors (anchors,
// aliases, merge keys, tags, several documents); and never to quote a value or
// a line of the source, which may hold a secret. Documents are bounded: 4 MiB,
// 64 levels, 100,000 tokens.
//
//	node, err := strict.Parse("passerelle.yaml", data)
//	...
//	var cfg struct {
//		Listen  string        `yaml:"listen,required"`
//		Wait    time.Duration `yaml:"wait"`
//		Limits  *Limits       `yaml:"limits"`
//		Details strict.Node   `yaml:"details"` // left to its owner
//	}
//	err = node.Decode(&cfg)
//
// Called by config for the whole file, and by the owners of raw nodes (policy,
// connectors) for theirs.
package strict
