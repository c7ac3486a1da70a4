// Package contract is the suite that every connector passes. A connector's own
// test supplies a [Harness] and calls [Run]:
//
//	func TestContract(t *testing.T) {
//		contract.Run(t, contract.Harness{
//			Descriptor: acme.Descriptor(),
//			World:      func(t *testing.T) *contract.World { … },
//			Bad:        []contract.Bad{{Name: "no base", Settings: "…", Names: "base"}},
//		})
//	}
//
// A [World] is a system in miniature and what is needed to connect to it; the
// suite makes one for each of its tests, so that they run in parallel. What the
// descriptor declares and the connection implements decides what is exercised;
// declared and not implemented, or implemented and without its part of the
// world, is a failure. A world with a Server is put behind a proxy of the
// suite's, which makes every status, reset, timeout, cut and page.
//
// Called by tests only; test/conformance fails for a registered connector
// whose tests do not call Run.
package contract
