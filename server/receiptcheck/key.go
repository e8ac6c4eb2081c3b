package receiptcheck

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// ParseKey reads the three numbers as they are printed; blanks between digits do not
// matter, leading zeros do not change a number. It fails with invalid.Fields.
func ParseKey(fn, fd, fpd string) (Key, error) {
	var k Key
	bad := invalid.Fields{}
	strip := strings.NewReplacer(" ", "", "\u00a0", "")
	typed := strip.Replace(fn)
	number, err := fiscal.ParseFNNumber(typed)
	if err != nil || len(typed) != fiscal.FNNumberLen {
		bad["fn"] = "Номер ФН — 16 цифр."
	}
	k.FN = number
	if n, err := strconv.ParseUint(strip.Replace(fd), 10, 32); err != nil || n == 0 || !digits(fd) {
		bad["fd"] = "Номер документа — число, на чеке рядом с «ФД»."
	} else {
		k.FD = fiscal.FDNumber(n)
	}
	text := strip.Replace(fpd)
	if n, err := strconv.ParseUint(text, 10, 32); err != nil || len(text) > 10 || !digits(text) {
		bad["fpd"] = "ФПД — до 10 цифр, на чеке рядом с «ФП» или «ФПД»."
	} else {
		k.FPD = fiscal.FPD(n)
	}
	if len(bad) > 0 {
		return Key{}, bad
	}
	return k, nil
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789 \u00a0") == ""
}

// Path is the short address of a receipt on our site, as sent by SMS.
func (k Key) Path() string {
	return fmt.Sprintf("/check/r?fn=%s&i=%d&fp=%s", k.FN, k.FD, k.FPD.QR())
}

// ErrForeign: the link leads to another site.
var ErrForeign = errors.New("receiptcheck: link of another site")

// ErrNoLink: the text is neither a link to a receipt nor the text of a QR code.
var ErrNoLink = errors.New("receiptcheck: no link and no QR text")

// ParseLink reads a link to a receipt on our site ("https://host") or the text of a
// receipt's QR code. Any of the names of the three numbers that operators use will do.
// It fails with ErrForeign, ErrNoLink or invalid.Fields.
func ParseLink(site, text string) (Key, error) {
	text = strings.TrimSpace(text)
	if q, err := ffd.ParseQR(text); err == nil && !strings.Contains(text, "://") {
		return Key{q.FN, q.FD, q.FPD}, nil
	}
	query := text
	if before, after, ok := strings.Cut(text, "?"); ok {
		query = after
		u, err := url.Parse(before)
		if err != nil {
			return Key{}, ErrNoLink
		}
		ours, err := url.Parse(site)
		if err != nil {
			return Key{}, fmt.Errorf("receiptcheck: own site: %w", err)
		}
		host := u.Host
		if u.Scheme == "" && !strings.HasPrefix(before, "/") { // typed without "https://"
			host, _, _ = strings.Cut(before, "/")
		}
		if host != "" && !strings.EqualFold(host, ours.Host) {
			return Key{}, ErrForeign
		}
	} else if strings.Contains(text, "://") {
		u, err := url.Parse(text)
		ours, ourErr := url.Parse(site)
		if err == nil && ourErr == nil && !strings.EqualFold(u.Host, ours.Host) {
			return Key{}, ErrForeign
		}
		return Key{}, ErrNoLink
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return Key{}, ErrNoLink
	}
	lower := url.Values{}
	for name, v := range values {
		lower[strings.ToLower(name)] = v
	}
	first := func(names ...string) string {
		for _, n := range names {
			if v := lower.Get(n); v != "" {
				return v
			}
		}
		return ""
	}
	fn, fd, fpd := first("fn"), first("i", "fd"), first("fp", "fpd")
	if fn == "" && fd == "" && fpd == "" {
		return Key{}, ErrNoLink
	}
	return ParseKey(fn, fd, fpd)
}
