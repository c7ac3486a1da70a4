// Command release builds what is handed out: for each platform an archive with
// the static program and what its installation needs, and a list of the modules
// in it (CycloneDX), and over all of them SHA256SUMS.
//
//	go run ./deploy/release [-out DIR] [-targets linux/amd64,...]
//
// It promises that the same commit and the same Go make the same bytes, in
// whatever folder and at whatever time: paths are trimmed, and every time is the
// commit's. A tree that has changes which are not committed is built all the
// same, and its version says so.
package main
