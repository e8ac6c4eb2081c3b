Feature: Damaged messages
  A message that is not what the register's drive made is refused without a word and leaves no trace among the documents.

  Rule: A message that breaks the session or container rules is answered by closing (transport.md 10, E-01 to E-10)

    @case:O-070 @must
    Scenario Outline: A message damaged on the way is refused, its repetition taken
      Given a register of FFD 1.05 with an open shift
      And the next message goes out with <damage>
      When the register issues and sends 1 receipt
      Then the operator closes the connection without an answer
      And the operator keeps 2 documents of the drive
      When the register exchanges with the operator
      Then the operator keeps every document of the drive

      Examples:
        | damage                                     |
        | a foreign signature                        |
        | an unknown version of the session protocol |
        | forbidden flags                            |
        | a wrong CRC of the container               |
        | a wrong length of the container            |

  Rule: A message whose sign does not fit is kept apart (transport.md 10, E-11 to E-13)

    @case:O-095 @must
    Scenario Outline: A forged message is refused and put into quarantine
      Given a register of FFD 1.2 with an open shift
      And the next message goes out with <damage>
      When the register issues and sends 1 receipt
      Then the operator closes the connection without an answer
      And the operator keeps the message in quarantine
      And the operator keeps 2 documents of the drive

      Examples:
        | damage                                          |
        | a wrong message sign                            |
        | one changed bit under a right CRC               |
        | the number of another drive in the container    |
        | the number of another document in the container |
