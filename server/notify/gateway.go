package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Gateway sends SMS through any gateway that takes them by GET (SIM-01).
type Gateway struct {
	template, token string
	client          *http.Client
}

// NewGateway makes a gateway of an address with {to} and {text}, in which {token} may
// stand; the token is also sent as a bearer's.
func NewGateway(template, token string) (*Gateway, error) {
	for _, must := range []string{"{to}", "{text}"} {
		if !strings.Contains(template, must) {
			return nil, fmt.Errorf("notify: the gateway's address has no %s", must)
		}
	}
	u, err := url.Parse(strings.NewReplacer("{to}", "1", "{text}", "1", "{token}", "1").Replace(template))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("notify: the gateway's address is not http:// or https://")
	}
	return &Gateway{template, token, &http.Client{Timeout: 30 * time.Second}}, nil
}

// Carry implements Carrier. What the gateway refuses with 4xx, too many requests
// apart, is *Lasting. Number and text stand in the address, so it is in no error.
func (g *Gateway) Carry(ctx context.Context, m Message) error {
	address := strings.NewReplacer("{to}", url.QueryEscape(m.To), "{text}", url.QueryEscape(m.Text), "{token}", url.QueryEscape(g.token)).Replace(g.template)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("notify: the gateway's address does not work with this message")
	}
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	resp, err := g.client.Do(r)
	if err != nil {
		var told *url.Error
		if errors.As(err, &told) {
			err = told.Err
		}
		return fmt.Errorf("notify: asking the gateway: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return nil
	case code/100 == 4 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout:
		return &Lasting{Reason: "Шлюз SMS отказал."}
	default:
		return fmt.Errorf("notify: the gateway answered %d", code)
	}
}
