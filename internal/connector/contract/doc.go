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
// Little glue is wanted of a vendor's fake:
//
//   - [CRM] reads and writes the fake's tables as somebody at its own screen
//     would, never through the API that the connector uses. Get, Set, Effects,
//     Slot and Barred look; [Screen] acts. A connector that implements an
//     interface of package connector must give what its checks need (a Diary:
//     Occupy); the failure names it.
//   - Users are ids as the CRM has them, since it may refuse others.
//   - Requests that change something are told from reads by Writes where a read
//     may be a POST, and logins by [Sessions].Login, which troubles leave alone.
//   - Answers are the vendor's very words for trouble that has no status of its
//     own, quoting Personal values where it does; Kinds are statuses that mean
//     something else here.
//   - A CRM with a clock of its own (modification times, sessions) moves it by
//     Later: a read of everything once a day is waited for in this way.
//
// Called by tests only; test/conformance fails for a registered connector
// whose tests do not call Run.
package contract
