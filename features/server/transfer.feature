Feature: Transfer of documents to the operator
  What the register made arrives once, in order and confirmed, whatever the connection does meanwhile.

  Rule: A connection carries many messages, each answered in turn (transport.md 7.2, TRN-061)

    @case:O-021 @must
    Scenario: A whole day goes over one connection
      Given a registered register of FFD 1.05
      When the register opens a shift
      And the register issues 10 receipts
      And the register closes the shift and sends it
      Then the register has opened 1 connection
      And the operator keeps every document of the drive
      And the operator has no remarks

    @case:O-022 @should
    Scenario: A register that opens a connection for each document is served as well (TRN-062)
      Given the register opens a connection for each document
      And a registered register of FFD 1.1
      When the register opens a shift
      And the register issues and sends 2 receipts
      Then the register has opened 4 connections
      And the operator keeps every document of the drive

  Rule: A document is confirmed in the form of its format version (transport.md 8.1)

    @case:receipt/confirmed @must @ffd1.05 @ffd1.1 @ffd1.2
    Scenario Outline: Receipts of every sign of settlement are confirmed
      Given a register of FFD <ffd> with an open shift
      When the register issues a <operation> receipt for 1234.56
      And the register exchanges with the operator
      Then the confirmation objects to nothing
      And the operator keeps every document of the drive
      And the operator has no remarks

      Examples:
        | ffd  | operation              |
        | 1.05 | "sale"                 |
        | 1.1  | "return of a sale"     |
        | 1.2  | "purchase"             |
        | 1.2  | "return of a purchase" |

  Rule: A document that comes again gets the confirmation of the first time (transport.md 10, E-20)

    @case:O-060 @must
    Scenario: The confirmation is lost on its way
      Given a register of FFD 1.05 with an open shift
      And the next confirmation is lost
      When the register issues and sends 1 receipt
      Then the exchange fails
      When the register exchanges with the operator
      Then the operator repeats its first answer
      And the operator keeps 3 documents of the drive

    @case:O-061 @must
    Scenario: The connection breaks in the middle of a message
      Given a register of FFD 1.2 with an open shift
      And the connection breaks in the middle of the next message
      When the register issues and sends 1 receipt
      Then the exchange fails
      And the operator keeps 2 documents of the drive
      When the register exchanges with the operator
      Then the operator keeps every document of the drive
