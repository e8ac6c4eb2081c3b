package kkt

import (
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
)

// KeySource carries a request to the key service and its answer back. The register's
// MarkingSource may be one. uri is what the drive says (D7h), "tcp://host:port"; empty
// when it does not know.
type KeySource interface {
	AskKeys(uri string, request []byte) (answer []byte, err error)
}

// UpdateKeys asks the drive whether its marking keys must be updated (D7h) and does
// so: request (D0h), exchange with the key service, answer (D1h). The answer 30h
// repeats the exchange once (K-115). It reports whether an update was made.
func (k *KKT) UpdateKeys() (updated bool, err error) {
	defer k.hold()()
	need, err := k.drive.KeysNeedUpdate()
	if err != nil {
		return false, k.refused(err)
	}
	if !need {
		return false, nil
	}
	source, ok := k.opts.Marking.(KeySource)
	if !ok {
		return false, refuse(RuleMarking, "ФН требует обновить ключи проверки кодов маркировки, а связи со службой ключей у ККТ нет")
	}
	uri, err := k.drive.KeyServiceURI()
	if err != nil {
		return false, k.refused(err)
	}
	err = k.exchangeKeys(source, uri)
	if fnport.Code(err) == fn.RepeatKeyUpdate {
		k.log.Info("key update is repeated", "fn", k.fn)
		err = k.exchangeKeys(source, uri)
	}
	if err != nil {
		return false, k.refused(err)
	}
	return true, nil
}

// exchangeKeys is one D0h, its way to the key service and back, and D1h.
func (k *KKT) exchangeKeys(source KeySource, uri string) error {
	request, err := k.drive.KeyRequest(k.now())
	if err != nil {
		return err
	}
	answer, err := source.AskKeys(uri, request)
	if err != nil {
		return err
	}
	return k.drive.KeyAnswer(answer)
}
