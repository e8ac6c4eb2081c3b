package registers

import (
	"errors"
	"net/http"

	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// uploaded is what the page of the upload shows.
type uploaded struct {
	Lines     []fleet.UploadLine
	Connected int
	Wrong     invalid.Fields
}

// Bad lines, whose registers were not connected.
func (u uploaded) Bad() int { return len(u.Lines) - u.Connected }

func (a *area) showUpload(v *page.Visit) error { return v.Render(a.upload, uploaded{}) }

func (a *area) template(v *page.Visit) error {
	file, err := fleet.UploadTemplate()
	if err != nil {
		return err
	}
	v.Attach("Шаблон касс.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	_, err = v.W.Write(file)
	return err
}

// doUpload connects the registers of a table; the page tells of each line (CAB-063).
func (a *area) doUpload(v *page.Visit) error {
	file, _, err := v.R.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.upload, uploaded{Wrong: invalid.Fields{"file": "Выберите файл."}})
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines, err := a.o.Fleet.Upload(v.R.Context(), v.Viewer, file)
	var bad invalid.Fields
	if errors.As(err, &bad) {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.upload, uploaded{Wrong: bad})
	}
	if err != nil {
		return fail(err)
	}
	u := uploaded{Lines: lines}
	for _, l := range lines {
		if len(l.Problems) == 0 {
			u.Connected++
		}
	}
	return v.Render(a.upload, u)
}
