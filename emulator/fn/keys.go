package fn

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// The exchange with the key service (D0h, D1h, D7h). Its real messages are not
// known; here a request is form 81 with the number and time of the request only, and
// an answer repeats the form, or is of form 83, with 2105: 0 done, 1 repeat (30h), 2
// refused (23h).

// keyRequest is D0h: time 5; the answer is the container to send.
func (d *Device) keyRequest(data []byte) ([]byte, *refusal) {
	t, r := d.readTime(data)
	if r != nil {
		return nil, r
	}
	number, r := nextNumber(d.st.Marking.Requests)
	if r != nil {
		return nil, r
	}
	container, r := d.sealMark(fiscal.FormMarkingRequest, number, func(b *tlv.Builder) {
		fn := d.number.Padded()
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Uint32(ffd.TagMarkingRequestNumber, number)
		b.Uint32(ffd.TagRequestTime, uint32(t))
	})
	if r != nil {
		return nil, r
	}
	d.st.Marking.Requests = number
	d.st.KeyRequest = &entry{Number: number, Time: t, Container: container}
	return append([]byte{}, container...), nil
}

// formAt is where the container header has the form (transport.md section 4).
const formAt = 5

// keyAnswer is D1h: the container of the answer.
func (d *Device) keyAnswer(data []byte) ([]byte, *refusal) {
	request := d.st.KeyRequest
	if request == nil {
		return nil, refuse(WrongState, "запрос на обновление ключей не сделан командой D0h")
	}
	form := fiscal.FormMarkingRequest
	if len(data) > wire.ContainerHeaderLen && fiscal.Form(data[formAt]) == fiscal.FormMarkingAnswer {
		form = fiscal.FormMarkingAnswer
	}
	body, r := d.openReply(data, *request, d.markRule(form, ffd.TagMarkingRequestNumber))
	if r != nil {
		return nil, r
	}
	code, ok := tlv.Find(body, ffd.TagRequestProcessingCode)
	if !ok || len(code) != 1 {
		return nil, refuse(UnknownAnswer, "ответ службы ключей неизвестного вида")
	}
	switch code[0] {
	case 0:
		d.st.KeyUpdated, d.st.KeyRequest = request.Time, nil
		return nil, nil
	case 1:
		return nil, refuse(RepeatKeyUpdate, "служба ключей просит повторить обмен")
	case 2:
		return nil, refuse(KeyServiceNo, "служба ключей отказала")
	}
	return nil, refuse(UnknownAnswer, "ответ службы ключей неизвестного вида: %d", code[0])
}

// keyService is D7h: 0 asks whether keys must be updated, 1 for the address.
func (d *Device) keyService(data []byte) ([]byte, *refusal) {
	switch data[0] {
	case 0:
		return []byte{b2i(d.keysOld())}, nil
	case 1:
		return []byte(d.set.KeyServiceURI), nil
	}
	return nil, refuse(BadCommand, "запрос %d: 0 — нужно ли обновление, 1 — адрес", data[0])
}

func (d *Device) keysOld() bool {
	days := d.set.KeyUpdateDays
	return days > 0 && d.st.Clock-d.st.KeyUpdated >= moment(days)*day
}

// exportNotices is D3h–D6h: the export of notifications in autonomous mode. No
// source gives their parameters, so the drive does not know them.
func (d *Device) exportNotices([]byte) ([]byte, *refusal) {
	return nil, refuse(BadCommand, "выгрузка уведомлений (D3h–D6h) не описана ни одним источником и не поддерживается")
}
