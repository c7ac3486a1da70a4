// Package console works a call floor's days in a real browser: Chromium, on a
// bridge of its own with a spreadsheet as its CRM. It also walks every page as
// everybody, looks for values that nobody may see in what a browser is sent, and
// attacks the door.
//
// Screenshots of the pages are written to the folder that PASSERELLE_SCREENSHOTS
// names, as an absolute path.
package console
