package notify

import "context"

// Compose writes a letter of the kind that m names and puts it into the outbox; m says
// whose it is, to whom, with which files and what it is about.
func (s *Service) Compose(ctx context.Context, m Message, data map[string]string) (Message, error) {
	subject, text, html, err := write(m.Kind, s.values(data))
	if err != nil {
		return Message{}, err
	}
	m.Channel, m.Subject, m.Text, m.HTML = Letter, subject, text, html
	return s.Put(ctx, m)
}
