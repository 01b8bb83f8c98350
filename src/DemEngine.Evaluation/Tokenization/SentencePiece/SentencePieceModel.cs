namespace DemEngine.Evaluation.Tokenization.SentencePiece;

/// <summary>Type of a piece; the numbers are those of the file.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>A piece of the vocabulary; its id is its index in the model.</summary>
/// <param name="Text">Text of the piece.</param>
/// <param name="Score">Priority of the piece: of two pieces that could be made, the one with the higher score is made.</param>
/// <param name="Type">Type of the piece.</param>
internal readonly record struct Piece(string Text, float Score, PieceType Type);

/// <summary>
/// The contents of a <c>tokenizer.model</c>: the message ModelProto of sentencepiece_model.proto
/// (https://github.com/google/sentencepiece), as far as it decides how text is encoded.
/// </summary>
internal sealed class SentencePieceModel
{
    private SentencePieceModel()
    {
    }

    public List<Piece> Pieces { get; } = [];

    /// <summary><c>model_type</c>: 1 unigram, 2 BPE, 3 words, 4 characters.</summary>
    public int ModelType { get; private set; } = 1;

    public bool ByteFallback { get; private set; }

    public bool WhitespaceIsSuffix { get; private set; }

    /// <summary>Id that begins a text; −1 for none.</summary>
    public int BeginOfText { get; private set; } = 1;

    /// <summary>Id that ends a text; −1 for none.</summary>
    public int EndOfText { get; private set; } = 2;

    public bool HasCharacterMap { get; private set; }

    public bool AddsPrefix { get; private set; } = true;

    public bool RemovesExtraSpaces { get; private set; } = true;

    public bool ShowsSpaces { get; private set; } = true;

    /// <exception cref="DemException">DEM2105 (BadTokenizer): the message is malformed.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> message, string file)
    {
        var model = new SentencePieceModel();
        var fields = new ProtobufFields(message, file);
        while (fields.Read())
        {
            if (fields.Field == 1)
                model.Pieces.Add(ReadPiece(new ProtobufFields(fields.Bytes, file)));
            else if (fields.Field == 2)
                model.ReadTrainer(new ProtobufFields(fields.Bytes, file));
            else if (fields.Field == 3)
                model.ReadNormalizer(new ProtobufFields(fields.Bytes, file));
        }

        return model;
    }

    private static Piece ReadPiece(ProtobufFields fields)
    {
        var piece = new Piece("", 0, PieceType.Normal);
        while (fields.Read())
        {
            piece = fields.Field switch
            {
                1 => piece with { Text = fields.Text },
                2 => piece with { Score = fields.Single },
                3 => piece with { Type = (PieceType)fields.Number },
                _ => piece,
            };
        }

        return piece;
    }

    private void ReadTrainer(ProtobufFields fields)
    {
        while (fields.Read())
        {
            if (fields.Field == 3)
                ModelType = fields.Number;
            else if (fields.Field == 24)
                WhitespaceIsSuffix = fields.Flag;
            else if (fields.Field == 35)
                ByteFallback = fields.Flag;
            else if (fields.Field == 41)
                BeginOfText = fields.Number;
            else if (fields.Field == 42)
                EndOfText = fields.Number;
        }
    }

    private void ReadNormalizer(ProtobufFields fields)
    {
        while (fields.Read())
        {
            if (fields.Field == 2)
                HasCharacterMap = fields.Bytes.Length > 0;
            else if (fields.Field == 3)
                AddsPrefix = fields.Flag;
            else if (fields.Field == 4)
                RemovesExtraSpaces = fields.Flag;
            else if (fields.Field == 5)
                ShowsSpaces = fields.Flag;
        }
    }
}
