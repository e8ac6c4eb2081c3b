package cabinet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operator.md 1.3: personal data of a buyer that somebody asked for and got stands in the journal, in
// which form; what is masked leaves nothing there, nor does another's document.
func TestJournal_PersonalDataOfADocument(t *testing.T) {
	p := newPerson(t)
	r := p.seller()
	s := r.sell(buyerMail)
	document := fmt.Sprintf("%s/%d", s.FN, s.FD)
	base := "/lk/documents/" + document
	story := func() string {
		_, _, body := p.get("/lk/profile/journal?about=" + document)
		return body
	}
	for _, masked := range []string{"", "/pdf", "/json", "/json?personal=no", "/confirmation"} {
		p.download(base + masked)
	}
	assert.Contains(t, story(), "Записей нет.")
	_, _, body := p.get(base)
	assert.NotContains(t, body, buyerMail)
	require.Contains(t, body, "/lk/profile/journal?about="+document)

	_, _, body = p.get(base + "?personal=yes")
	assert.Contains(t, body, buyerMail)
	_, text := p.download(base + "/json?personal=yes")
	assert.Contains(t, string(text), buyerMail)
	p.download(base + "/pdf?personal=yes")
	_, text = p.download(base + "/message") // there is nothing to mask in bytes
	assert.Equal(t, s.Message, text)
	told := story()
	for _, form := range []string{"страница документа", "JSON", "PDF", "контейнер"} {
		assert.Equal(t, 1, strings.Count(told, "документ (ФН/ФД) "+document+"; "+form), form)
	}
	assert.Equal(t, 4, strings.Count(told, "показаны личные данные в документе"))
	assert.Equal(t, 4, strings.Count(told, "127.0.0.1"))
	assert.NotContains(t, told, buyerMail)

	// Who may not see the document asks in vain, and is told nothing of it by the journal either.
	other := p.another()
	other.get(base + "?personal=yes")
	assert.Equal(t, 4, strings.Count(story(), "показаны личные данные в документе"))
}
