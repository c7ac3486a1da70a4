// Package console is the web pages: where callers work leads, supervisors watch
// the plateau and decide, and everybody looks after their own account. Pages are
// made on the server, in French and English; what a page does, it does without
// scripts too.
//
// It promises that a page holds only what the desk projects for the one who asks,
// that what somebody may not do has no button, that a note survives a reload, a
// lost line and the end of a session, and that nothing on a page comes from
// elsewhere. It calls the commands of the desk and of governance, as the API does,
// never the store.
// Called by app, which mounts it.
package console
