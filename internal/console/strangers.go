package console

// stranger is a new device that signed in as the reader, as every page tells them
// until they have said whose it is.
type stranger struct {
	ID, When, Client, Agent string
	Mine                    bool // they may say that it is theirs
}

// tellStrangers puts them on top of the page of who is signed in.
func (v *visit) tellStrangers(f *frame) error {
	if f.Plain {
		return nil
	}
	found, err := v.opts.Accounts.Strangers(v.session)
	for _, d := range found {
		f.Strangers = append(f.Strangers, stranger{
			ID: d.ID, When: v.look.moment(d.First.In(v.zone), v.now.In(v.zone)), Client: d.Client, Agent: d.Agent, Mine: d.Mine,
		})
	}
	return err
}
