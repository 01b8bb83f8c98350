namespace DemEngine.Evaluation.Language;

/// <summary>A form that a row of data has. A row is recognised by its keys; see <see cref="DataSetReader"/>.</summary>
public enum DataForm
{
    /// <summary><c>text</c>: all of it is predicted.</summary>
    Text,

    /// <summary><c>prompt</c> and <c>completion</c>: the completion is predicted.</summary>
    Completion,

    /// <summary><c>prompt</c>, <c>choices</c> and <c>answer</c>: a question with the index of the right answer.</summary>
    Choices,

    /// <summary><c>tokens</c>: token ids.</summary>
    Tokens,

    /// <summary><c>messages</c> of <c>role</c> and <c>content</c>: what the assistant says is predicted.</summary>
    Chat,

    /// <summary><c>conversations</c> of <c>from</c> and <c>value</c>, as ShareGPT has them.</summary>
    ShareGpt,

    /// <summary><c>instruction</c>, perhaps <c>input</c>, and <c>output</c>, as Alpaca has them.</summary>
    Alpaca,
}
