// Package rest connects any CRM that speaks JSON over HTTP, by configuration
// alone: where its prospects, activities and appointments are, what their keys
// are called, and one credential sent in a header. README.md has a whole
// example and says what the CRM must be able to do.
//
// What it promises: only the fields asked for are asked of the CRM, and only
// they come back; a field is written only over the value expected; every
// activity and appointment carries our id in a field of its own, by which it
// is found again. It neither retries nor sleeps.
//
// There is no single vendor behind it, so its fake is the strict server in
// test/crmfake, which chaos uses as well.
package rest
