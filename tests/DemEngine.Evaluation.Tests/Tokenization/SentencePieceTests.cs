using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>Llama's <c>tokenizer.model</c>. Byte b is the id 3 + b; other pieces follow from 259.</summary>
public sealed class SentencePieceTests
{
    // 259 ▁a, 260 aa, 261 ▁aa, 262 ▁, 263 a, 264 <, 265 s, 266 >, 267 <s
    private static readonly (string Text, float Score, int Type)[] Pieces =
    [
        .. SentencePieceFile.Start(), ("▁a", -2, 1), ("aa", -1, 1), ("▁aa", -3, 1), ("▁", -4, 1), ("a", -5, 1), ("<", -6, 1), ("s", -7, 1), (">", -8, 1), ("<s", -9, 1),
    ];

    [TestCase("", new int[0])]
    [TestCase("a", new[] { 259 })]
    [TestCase("aaa", new[] { 261, 263 })] // the leftmost of two aa
    [TestCase("a a", new[] { 259, 259 })]
    [TestCase(" a", new[] { 262, 259 })]
    [TestCase("aé", new[] { 259, 3 + 0xC3, 3 + 0xA9 })]
    [TestCase("a</s>a", new[] { 259, 2, 259 })]
    [TestCase("a<s", new[] { 259, 267 })]
    public void Text_becomes_the_pieces_with_the_highest_scores(string text, int[] ids) => Assert.That(Read(SentencePieceFile.Make(Pieces)).Encode(text), Is.EqualTo(ids));

    // A control piece is never made of text, nor a byte: <0x41> written out is six characters.
    [Test]
    public void Text_that_reads_like_a_byte_is_not_one()
    {
        string[] characters = ["▁", "<", "0", "x", "4", "1", ">"];
        string[] parts = ["<0", "<0x", "<0x4", "<0x41"];
        ITokenizer tokenizer = Read(SentencePieceFile.Make(
            [.. SentencePieceFile.Start(), .. characters.Select((text, i) => (text, -100f - i, 1)), .. parts.Select((text, i) => (text, -1f - i, 1))]));
        Assert.That(tokenizer.Encode("<0x41>"), Is.EqualTo([259, 259 + 10, 259 + 6]));
        Assert.That(tokenizer.Encode("A"), Is.EqualTo([259, 3 + 0x41]));
    }

    [Test]
    public void Begin_and_end_are_the_models_own()
    {
        byte[] model = SentencePieceFile.Make(Pieces);
        ITokenizer tokenizer = Read(model);
        Assert.That((tokenizer.BeginOfText, tokenizer.EndOfText), Is.EqualTo(((int?)1, 2)));
        Assert.That(Read(model, """{"add_bos_token": false}""").BeginOfText, Is.Null);
        Assert.That(Read(model, """{"eos_token": "<s>"}""").EndOfText, Is.EqualTo(1));
    }

    [Test]
    public void Later_tokens_come_from_the_settings()
    {
        ITokenizer tokenizer = Read(SentencePieceFile.Make(Pieces), """{"legacy": false, "added_tokens_decoder": {"1": {"content": "<s>"}, "268": {"content": "[X]", "special": true}}}""");
        Assert.That(tokenizer.Encode("a[X]a"), Is.EqualTo([259, 268, 263]), "no space after a special token where legacy is false");
    }

    [Test]
    public void Any_text_is_merged_as_SentencePiece_merges_and_comes_back()
    {
        var random = new Random(6);
        string[] alphabet = ["a", "b", "c", " ", "é", "漢", "😀"];
        string[] known = ["a", "b", "c", "▁", "é"];
        for (int round = 0; round < 30; round++)
        {
            List<(string Left, string Right)> merges = ReferenceMerging.Draw(random, known, 60);
            Dictionary<string, float> scores = merges.Select((merge, rank) => (merge.Left + merge.Right, (float)-rank)).ToDictionary();
            (string Text, float Score, int Type)[] pieces =
                [.. SentencePieceFile.Start(), .. scores.Select(piece => (piece.Key, piece.Value, 1)), .. known.Select((text, i) => (text, -1000f - i, 1))];
            Dictionary<string, int> ids = pieces.Index().ToDictionary(piece => piece.Item.Text, piece => piece.Index);
            ITokenizer tokenizer = Read(SentencePieceFile.Make(pieces));
            for (int text = 0; text < 40; text++)
            {
                string drawn = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => alphabet[random.Next(alphabet.Length)]));
                Assert.That(
                    tokenizer.Encode(drawn),
                    Is.EqualTo(ReferenceMerging.MergeByScore(ByteFallbackTests.Symbols(drawn, known), scores).Select(token => ids[token])), drawn);
                Assert.That(tokenizer.Decode(tokenizer.Encode(drawn).AsSpan()), Is.EqualTo(drawn));
            }
        }
    }

    [Test]
    public void A_file_cut_off_anywhere_is_refused_or_read()
    {
        byte[] model = SentencePieceFile.Make(Pieces);
        Assert.Multiple(() =>
        {
            for (int length = 0; length < model.Length; length += 41)
                Assert.That(Refused(model[..length]).Code.Number, Is.EqualTo(2104).Or.EqualTo(2105), $"{length} bytes");
        });
        Assert.That(Refused("not a model"u8.ToArray()).Message, Does.Contain("tokenizer.model").And.Contains("not a SentencePiece model"));
    }

    [Test]
    public void What_would_be_half_obeyed_is_refused()
    {
        Unsupported(SentencePieceFile.Make(Pieces, modelType: 1), "only BPE");
        Unsupported(SentencePieceFile.Make(Pieces, byteFallback: false), "byte_fallback");
        Unsupported(SentencePieceFile.Make(Pieces, extraSpaces: true), "extra spaces");
        Unsupported(SentencePieceFile.Make(Pieces, characterMap: [1]), "table of characters");
        Unsupported(SentencePieceFile.Make([.. Pieces, ("b", 0, 4)]), "UserDefined");
        Unsupported(SentencePieceFile.Make([.. Pieces, ("s>", -1, 1)]), "same score");
        Unsupported(SentencePieceFile.Make([.. SentencePieceFile.Start().SkipLast(1), ("a", 0, 1)]), "<0xFF>");
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        Damaged(Refused(SentencePieceFile.Make([.. Pieces, ("aa", -9, 1)])), "twice");
        Damaged(Refused(SentencePieceFile.Make([.. Pieces, ("", -9, 1)])), "empty");
        Damaged(Refused(SentencePieceFile.Make([.. Pieces, ("b", float.NaN, 1)])), "score");
        Damaged(Refused(SentencePieceFile.Make(Pieces), vocabulary: 260), "config.json has 260");
        Damaged(Refused(SentencePieceFile.Make(Pieces), """{"bos_token": "<start>"}"""), "<start>");
    }

    private static ITokenizer Read(byte[] model, string? settings = null, int vocabulary = 1000)
    {
        using var folder = new TempFolder();
        if (settings is not null)
            folder.Write("tokenizer_config.json", settings);
        return new CheckpointTokenizerReader().Read(folder.Write("tokenizer.model", model), Models.Config(vocabulary));
    }

    private static DemException Refused(byte[] model, string? settings = null, int vocabulary = 1000) =>
        Assert.Throws<DemException>(() => Read(model, settings, vocabulary))!;

    private static void Unsupported(byte[] model, string named)
    {
        DemException e = Refused(model);
        Assert.That((e.Code, e.Message.Contains("tokenizer.model") && e.Message.Contains(named)), Is.EqualTo((ErrorCode.NoTokenizer, true)), e.Message);
    }

    private static void Damaged(DemException e, string named) =>
        Assert.That((e.Code, e.Message.Contains("tokenizer.model") && e.Message.Contains(named)), Is.EqualTo((ErrorCode.BadTokenizer, true)), e.Message);
}
