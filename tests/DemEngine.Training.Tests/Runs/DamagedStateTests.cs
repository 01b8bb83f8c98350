using DemEngine.Evaluation.Language;
using DemEngine.Tests;
using DemEngine.Tests.Faults;
using DemEngine.Training.Models;
using DemEngine.Training.Runs;

namespace DemEngine.Training.Tests.Runs;

/// <summary>What a run left that was interrupted, damaged: a named error, or a state from which it can go on.</summary>
public sealed class DamagedStateTests
{
    private static readonly LlamaConfig Config = TinyModels.Grouped;

    [Test]
    public void A_damaged_state_gives_a_named_error_or_a_state() => Run(StateFile.Name, isBinary: true);

    [Test]
    public void Damaged_numbers_of_a_state_give_a_named_error_or_a_state() => Run(StateFile.Name, isBinary: false);

    [Test]
    public void A_damaged_log_gives_a_named_error_or_the_lines_of_the_steps() => Run(TrainLog.Name, isBinary: false);

    [Test]
    public void One_changed_bit_of_a_vector_is_found()
    {
        using var folder = new TempFolder();
        using TorchModel start = TinyModels.Model(Config);
        var data = new DataSet("training", [.. TinyModels.Examples(Config, 20)]);
        using var session = new TrainingSession(start, data, data, TrainingSessionTests.Options);
        session.Advance();
        string path = folder.PathOf(StateFile.Name);
        StateFile.Write(path, session.State, 0, session.Vectors);
        Assert.That(StateFile.Read(path, session), Is.Zero);
        byte[] whole = File.ReadAllBytes(path);
        int header = 8 + (int)BitConverter.ToInt64(whole);
        var random = new Random(44);
        for (int k = 0; k < 20; k++)
        {
            byte[] changed = [.. whole];
            changed[random.Next(header, whole.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, changed);
            var error = Assert.Throws<DemException>(() => StateFile.Read(path, session))!;
            Assert.That(error.Code, Is.EqualTo(ErrorCode.BadTrainingState));
        }
    }

    private static void Run(string damaged, bool isBinary)
    {
        using var folder = new TempFolder();
        using TorchModel start = TinyModels.Model(Config);
        var data = new DataSet("training", [.. TinyModels.Examples(Config, 20)]);
        using var session = new TrainingSession(start, data, data, TrainingSessionTests.Options);
        string state = folder.PathOf(StateFile.Name), lines = folder.PathOf(TrainLog.Name);
        using (var log = new TrainLog(lines, 0, 0))
        {
            while (session.State.Step < 5)
                log.Append(session.Advance());
            StateFile.Write(state, session.State, log.Sync(), session.Vectors);
        }

        var files = new Dictionary<string, byte[]> { [state] = File.ReadAllBytes(state), [lines] = File.ReadAllBytes(lines) };
        byte[] whole = files[folder.PathOf(damaged)];
        int header = damaged == StateFile.Name ? 8 + (int)BitConverter.ToInt64(whole) : whole.Length;

        void Read(byte[] contents)
        {
            files[folder.PathOf(damaged)] = contents;
            foreach (var (path, bytes) in files)
                File.WriteAllBytes(path, bytes);
            using var log = new TrainLog(lines, StateFile.Read(state, session), session.State.Step + 1);
            Assert.That(session.State.Step, Is.InRange(-1, 5));
            Assert.That(log.Sync(), Is.EqualTo(new FileInfo(lines).Length));
        }

        if (isBinary)
            Mutations.RunBinary(41, whole, Read);
        else if (header == whole.Length)
            Mutations.Run(42, whole, Read);
        else
            Mutations.Run(43, whole[8..header], text => Read([.. BitConverter.GetBytes((long)text.Length), .. text, .. whole[header..]]));
    }
}
