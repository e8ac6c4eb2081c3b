package notify

import "context"

// Compose writes a letter of the kind that m names and puts it into the outbox; m says
// whose it is, to whom, with which files and what it is about.
func (s *Service) Compose(ctx context.Context, m Message, data map[string]string) (Message, error) {
	m, err := s.compose(m, data)
	if err != nil {
		return Message{}, err
	}
	return s.Put(ctx, m)
}

// ComposeDraft writes the letter as Compose does and does not keep it, as Draft: who
// asked for it keeps it together with what caused it.
func (s *Service) ComposeDraft(m Message, data map[string]string) (Message, error) {
	m, err := s.compose(m, data)
	if err != nil {
		return Message{}, err
	}
	return s.Draft(m)
}

func (s *Service) compose(m Message, data map[string]string) (Message, error) {
	subject, text, html, err := write(m.Kind, s.values(data))
	m.Channel, m.Subject, m.Text, m.HTML = Letter, subject, text, html
	return m, err
}
