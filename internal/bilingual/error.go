package bilingual

import "errors"

// Saying is what errors are that people are told, in both languages.
type Saying interface {
	error
	Said() Text
}

// Of is what an error says; in English twice if it speaks nothing else.
func Of(err error) Text {
	if e, ok := errors.AsType[Saying](err); ok {
		return e.Said()
	}
	return Same(err.Error())
}

// Error is an error that is its text and nothing more.
type Error struct{ Text Text }

// Err is the text as an error.
func (t Text) Err() error { return &Error{t} }

func (e *Error) Error() string { return e.Text.String() }

// Said is the text.
func (e *Error) Said() Text { return e.Text }
