// Package fake is a phoning platform in miniature that speaks the contract of
// connectors/webhook: it keeps cards by list, and signs the outcomes it posts.
//
// It is strict: it checks signatures with code of its own, refuses unknown keys
// and half cards, and says what is wrong. It misbehaves when told to
// ([Platform.Break]). Imported by tests only.
package fake
